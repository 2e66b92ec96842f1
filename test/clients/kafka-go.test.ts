import { kafkaGo } from './go.js';
import { clientScenarios } from './scenarios.js';

clientScenarios(kafkaGo);
