import { librdkafka } from './librdkafka.js';
import { tlsScenarios } from './tls.js';

tlsScenarios(librdkafka);
