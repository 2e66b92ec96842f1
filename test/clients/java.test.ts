import { compileJava, java } from './java.js';
import { clientScenarios } from './scenarios.js';

compileJava();
clientScenarios(java);
