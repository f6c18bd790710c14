/** One line an event on stderr, where systemd's journal or the log file picks it up. Callers pass no secrets. */

export type Log = (line: string) => void;

export const log: Log = (line) => {
  process.stderr.write(`${new Date().toISOString()} ${line}\n`);
};
