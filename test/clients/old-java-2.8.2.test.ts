import { oldJava } from './java.js';
import { clientScenarios } from './scenarios.js';

clientScenarios(oldJava('2.8.2', ['none', 'zstd']));
