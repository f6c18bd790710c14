/** Brings the overlay interface's addresses, routes and forwarding to what the map says. */
import { readFile, writeFile } from 'node:fs/promises';
import type { MapSelf } from '@skein/contract/agent/map.ts';
import { INTERFACE } from '../config.ts';
import { AgentFailure } from '../failure.ts';
import { must, type Run } from '../host/command.ts';
import { underlayAddresses } from '../host/facts.ts';
import { parseInterface, planInterface, rangeConflict } from './plan.ts';

/** Throws `address-taken` where the overlay range is in use on this node, `command-failed` where `ip` refuses. */
export async function applyInterface(run: Run, self: MapSelf): Promise<void> {
  const conflict = rangeConflict(self.overlayCidr, underlayAddresses());
  if (conflict) throw new AgentFailure('address-taken', conflict);
  const addresses = await must(run, 'ip', ['-j', 'address', 'show', 'dev', INTERFACE]);
  const routes = await must(run, 'ip', ['-j', '-4', 'route', 'show', 'dev', INTERFACE]);
  const lines = planInterface(self, parseInterface(addresses, routes), INTERFACE);
  if (lines.length > 0) await must(run, 'ip', ['-batch', '-'], `${lines.join('\n')}\n`);
  await applyForwarding(self.role === 'gateway');
}

/**
 * Lets a gateway pass on what comes in through the overlay interface; the filter says what of it. The node's other
 * interfaces keep their setting: Linux asks the incoming interface alone. rp_filter needs nothing, for the way back to
 * every overlay address is this same interface.
 */
async function applyForwarding(on: boolean): Promise<void> {
  const file = `/proc/sys/net/ipv4/conf/${INTERFACE}/forwarding`;
  const wanted = on ? '1' : '0';
  if ((await readFile(file, 'utf8')).trim() === wanted) return;
  await writeFile(file, wanted).catch((error: Error) => {
    throw new AgentFailure('command-failed', `cannot set ${file}: ${error.message}`);
  });
}
