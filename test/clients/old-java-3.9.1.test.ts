import { oldJava } from './java.js';
import { clientScenarios } from './scenarios.js';

clientScenarios(oldJava('3.9.1', ['none', 'snappy']));
