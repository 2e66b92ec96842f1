import { franzGo } from './go.js';
import { clientScenarios } from './scenarios.js';

clientScenarios(franzGo);
