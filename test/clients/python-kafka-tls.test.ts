import { kafkaPython } from './python.js';
import { tlsScenarios } from './tls.js';

tlsScenarios(kafkaPython);
