import { compileJava, java } from './java.js';
import { tlsScenarios } from './tls.js';

compileJava();
tlsScenarios(java);
