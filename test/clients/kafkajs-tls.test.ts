import { kafkaJs } from './kafkajs.js';
import { tlsScenarios } from './tls.js';

tlsScenarios(kafkaJs);
