import { oldJava } from './java.js';
import { clientScenarios } from './scenarios.js';

clientScenarios(oldJava('2.1.1', ['none', 'gzip', 'snappy', 'lz4', 'zstd']));
