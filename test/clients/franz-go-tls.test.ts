import { franzGo } from './go.js';
import { tlsScenarios } from './tls.js';

tlsScenarios(franzGo);
