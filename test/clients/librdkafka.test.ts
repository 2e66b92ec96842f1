import { librdkafka } from './librdkafka.js';
import { clientScenarios } from './scenarios.js';

clientScenarios(librdkafka);
