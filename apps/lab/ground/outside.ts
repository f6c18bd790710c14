/** A stranger on the lab's internet: a host at OUTSIDE_ADDRESS that belongs to no cloud, to knock from outside. */
import { type Output, output } from './command.ts';
import { OUTSIDE_NAMESPACE } from './names.ts';

export { OUTSIDE_ADDRESS } from './names.ts';

/** Runs a command with the stranger's network and the lab's own files; bounded in time (exit 137 then). */
export function runOutside(
  command: readonly string[],
  options: { timeoutSeconds?: number; input?: string } = {},
): Promise<Output> {
  const timeoutSeconds = options.timeoutSeconds ?? 30;
  return output(
    [
      'nsenter',
      `--net=/run/netns/${OUTSIDE_NAMESPACE}`,
      'timeout',
      '-s',
      'KILL',
      String(timeoutSeconds),
      ...command,
    ],
    {
      ...(options.input === undefined ? {} : { input: options.input }),
      timeoutSeconds: timeoutSeconds + 5,
    },
  );
}
