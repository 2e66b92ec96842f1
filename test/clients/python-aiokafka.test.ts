import { aiokafka } from './python.js';
import { clientScenarios } from './scenarios.js';

clientScenarios(aiokafka);
