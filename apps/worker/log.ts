export type Log = (
  level: 'info' | 'warning' | 'error',
  message: string,
  details?: Record<string, unknown>,
) => void;

/** One JSON line a happening. */
export const logToOutput: Log = (level, message, details = {}) => {
  process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), level, message, ...details })}\n`);
};
