import { confluentPython } from './python.js';
import { clientScenarios } from './scenarios.js';

clientScenarios(confluentPython);
