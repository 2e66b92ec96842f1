import { oldJava } from './java.js';
import { clientScenarios } from './scenarios.js';

clientScenarios(oldJava('3.3.2', ['none', 'lz4']));
