import { rust } from './rust.js';
import { clientScenarios } from './scenarios.js';

clientScenarios(rust);
