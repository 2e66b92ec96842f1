import { sarama } from './go.js';
import { clientScenarios } from './scenarios.js';

clientScenarios(sarama);
