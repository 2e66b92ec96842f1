import { kcat } from './kcat.js';
import { clientScenarios } from './scenarios.js';

clientScenarios(kcat);
