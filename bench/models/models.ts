import { express } from './express.js';
import type { LatencyModel } from './model.js';
import { standard } from './standard.js';

export const models: Readonly<Record<string, LatencyModel>> = { standard, express };
