import { pino } from 'pino';
import type { Log, LogFields } from './log.js';

/** JSON lines on standard output by pino, written at once so that nothing is lost in a crash. */
export function pinoLog(level: 'debug' | 'info' | 'warn' | 'error' | 'silent', fields: LogFields = {}): Log {
  return wrap(pino({ level, base: fields, timestamp: pino.stdTimeFunctions.isoTime }));
}

interface PinoLike {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  child(fields: LogFields): PinoLike;
}

function wrap(logger: PinoLike): Log {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    child: (fields) => wrap(logger.child(fields)),
  };
}
