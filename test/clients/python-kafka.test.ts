import { kafkaPython } from './python.js';
import { clientScenarios } from './scenarios.js';

clientScenarios(kafkaPython);
