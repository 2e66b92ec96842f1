import { rustOld } from './rust.js';
import { clientScenarios } from './scenarios.js';

clientScenarios(rustOld);
