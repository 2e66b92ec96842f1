/** Columns of a row of `Native.scanBatches`, one row a batch. The caller says where the batch lies, how long it is, … */
export const SCAN_POSITION = 0;
export const SCAN_BYTES = 1;
/** … and whether to walk its records: 1, or not. */
export const SCAN_WALK = 2;
/** 1 when the CRC-32C in the header is that of the batch, else 0. */
export const SCAN_CRC_MATCHES = 3;
/** 0 or one of `walkFaults`; -1: not walked. */
export const SCAN_FAULT = 4;
/** From here to the end what `walkRecords` finds, of a walk without a fault; else as it was. */
export const SCAN_FOUND = 5;
export const SCAN_TIMESTAMP_DELTA_MAX = 5;
export const SCAN_TIMESTAMP_DELTA_MIN = 6;
export const SCAN_NULL_KEYS = 7;
export const SCAN_COLUMNS = 9;
