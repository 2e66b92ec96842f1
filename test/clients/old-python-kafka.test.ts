import { kafkaPythonOld } from './python.js';
import { clientScenarios } from './scenarios.js';

clientScenarios(kafkaPythonOld);
