import { platformatic } from './platformatic.js';
import { clientScenarios } from './scenarios.js';

clientScenarios(platformatic);
