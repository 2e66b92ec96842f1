import { franzGo } from './franz-go.js';
import { clientScenarios } from './scenarios.js';

clientScenarios(franzGo);
