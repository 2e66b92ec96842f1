import { kafkaJs } from './kafkajs.js';
import { clientScenarios } from './scenarios.js';

clientScenarios(kafkaJs);
