import { oldJava } from './java.js';
import { clientScenarios } from './scenarios.js';

clientScenarios(oldJava('4.0.1', ['none', 'gzip']));
