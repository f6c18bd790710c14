/** Makes the node's own programs ask the agent, and undoes it. */

import { readlink, rm, writeFile } from 'node:fs/promises';
import { CLUSTERSET_ZONE } from '@skein/contract/agent/service.ts';
import { INTERFACE, LOOPBACK_RESOLVER, STATE_DIRECTORY } from '../config.ts';
import { must, type Run } from '../host/command.ts';
import { readIfThere, writeSafely } from '../state/files.ts';
import { isOurs, renderResolvConf, upstreamsOf, withoutOurs } from './resolv-conf.ts';

const RESOLV_CONF = '/etc/resolv.conf';
const SAVED = `${STATE_DIRECTORY}/resolv.conf.saved`;
const NONE_SAVED = `${STATE_DIRECTORY}/resolv.conf.none`;
/** Where systemd-resolved lists the resolvers it asks itself. */
const RESOLVED_UPSTREAMS = '/run/systemd/resolve/resolv.conf';

/** `split`: systemd-resolved sends us the zone and keeps the rest. `rewrite`: resolv.conf names us. */
export type Way = 'split' | 'rewrite';

/** Which way this node needs: split where its resolv.conf leads to systemd-resolved. */
export function wayFor(resolvConf: string, target: string | null, resolvectl: boolean): Way {
  const resolved =
    target?.includes('systemd/resolve/') || /^\s*nameserver\s+127\.0\.0\.53\s*$/m.test(resolvConf);
  return resolved && resolvectl ? 'split' : 'rewrite';
}

/**
 * Points the node at the agent; called again and again, so that a file rewritten by others (a DHCP client, say) is
 * taken as the new original. Answers the resolvers that know everything else.
 */
export async function pointAtAgent(
  run: Run,
  self: { overlayAddress: string; zone: string },
): Promise<string[]> {
  // systemd-resolved lists us among its servers too, once it sends us the zone.
  const own = [LOOPBACK_RESOLVER, self.overlayAddress];
  const present = await readIfThere(RESOLV_CONF);
  const text = present ?? '';
  const target = await readlink(RESOLV_CONF).catch(() => null);
  if (wayFor(text, target, (await readIfThere(RESOLVED_UPSTREAMS)) !== undefined) === 'split') {
    await must(run, 'resolvectl', ['dns', INTERFACE, self.overlayAddress]);
    await must(run, 'resolvectl', ['domain', INTERFACE, `~${self.zone}`, `~${CLUSTERSET_ZONE}`]);
    await must(run, 'resolvectl', ['default-route', INTERFACE, 'no']);
    return upstreamsOf((await readIfThere(RESOLVED_UPSTREAMS)) ?? '', own);
  }
  let original = text;
  if (isOurs(text)) original = (await readIfThere(SAVED)) ?? withoutOurs(text, LOOPBACK_RESOLVER);
  else {
    await writeSafely(SAVED, text);
    if (present === undefined) await writeSafely(NONE_SAVED, '');
    else await rm(NONE_SAVED, { force: true });
  }
  const wanted = renderResolvConf(original, LOOPBACK_RESOLVER, SAVED);
  // In place: containers and namespaces may have this very file bound over theirs.
  if (wanted !== text) await writeFile(RESOLV_CONF, wanted);
  return upstreamsOf(original, own);
}

/** Whether the node's own programs ask the agent, as far as its files say; changes nothing. */
export async function isPointedAtAgent(self: { zone: string }, run: Run): Promise<boolean> {
  const text = (await readIfThere(RESOLV_CONF)) ?? '';
  const target = await readlink(RESOLV_CONF).catch(() => null);
  if (wayFor(text, target, (await readIfThere(RESOLVED_UPSTREAMS)) !== undefined) === 'rewrite')
    return isOurs(text);
  const domains = await run('resolvectl', ['domain', INTERFACE]);
  return domains.ok && domains.output.includes(self.zone);
}

/** Puts back what was there before. Does nothing where nothing of ours is there. */
export async function restoreNode(run: Run): Promise<void> {
  if ((await readIfThere(RESOLVED_UPSTREAMS)) !== undefined) await run('resolvectl', ['revert', INTERFACE]);
  const text = await readIfThere(RESOLV_CONF);
  if (text !== undefined && isOurs(text)) {
    const original = (await readIfThere(SAVED)) ?? withoutOurs(text, LOOPBACK_RESOLVER);
    if ((await readIfThere(NONE_SAVED)) !== undefined) await rm(RESOLV_CONF, { force: true });
    else await writeFile(RESOLV_CONF, original);
  }
  await rm(SAVED, { force: true });
  await rm(NONE_SAVED, { force: true });
}
