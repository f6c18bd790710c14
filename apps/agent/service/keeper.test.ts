import { setTimeout as wait } from 'node:timers/promises';
import type { FollowFrame, ServicesChange, ServicesNews } from '@skein/contract/agent/service.ts';
import { mergeExports } from '@skein/mesh/services/merge.ts';
import { newsBetween } from '@skein/mesh/services/news.ts';
import { viewOf } from '@skein/mesh/services/view.ts';
import { EAST, endpoint, source } from '@skein/mesh/testing/services.ts';
import { afterEach, expect, test } from 'vitest';
import { newServiceKeeper, type ServiceKeeper } from './keeper.ts';

const NAME = 'cart.shop.svc.clusterset.local';
const cart = (...addresses: string[]): ServicesChange[] => {
  const merged = mergeExports([
    source(
      EAST,
      0,
      addresses.map((address) => endpoint(address)),
    ),
  ]);
  if (!merged) throw new Error('no service');
  return newsBetween('shop/cart', undefined, viewOf(merged, EAST));
};
const none = (key: string): ServicesChange => ({ set: 'none', key });

let keeper: ServiceKeeper;
afterEach(() => keeper.close());

function world() {
  const frames: FollowFrame[] = [];
  let online = true;
  keeper = newServiceKeeper({
    send: (frame) => online && frames.push(frame) > 0,
    now: () => performance.now(),
    random: () => 0,
  });
  let serial = 0;
  const news = (upTo: number | null, ...changes: ServicesChange[]): void => {
    serial += 1;
    keeper.take({
      networkId: 'n',
      peerId: 'p',
      nonce: 'x',
      serial,
      changes,
      upTo,
      kubernetes: false,
    } satisfies ServicesNews);
  };
  const addresses = async (name = NAME) => {
    const found = await keeper.clusterset.answer(name);
    return (
      found && {
        exists: found.exists,
        some: found.records.flatMap((one) => ('address' in one ? [one.address] : [])),
      }
    );
  };
  const go = (now: boolean) => {
    online = now;
    if (now) keeper.connected();
  };
  return { frames, news, addresses, go };
}

test('a service is followed from the first question on, which waits for the answer', async () => {
  const { frames, news, addresses, go } = world();
  go(true);
  expect(frames).toEqual([{ type: 'services-follow', namespaces: [], names: [] }]);
  news(1);
  const asked = addresses();
  await wait(10);
  expect(frames.at(-1)?.names).toEqual(['shop/cart']);
  news(2, ...cart('10.0.0.1'));
  expect(await asked).toEqual({ exists: true, some: ['10.0.0.1'] });
  // Asked again it is said at once, and nothing more is sent.
  expect(await addresses()).toEqual({ exists: true, some: ['10.0.0.1'] });
  expect(frames).toHaveLength(2);
});

test('a service that there is not is said so, and what is no service is not asked for', async () => {
  const { frames, news, addresses, go } = world();
  go(true);
  const asked = addresses();
  await wait(10);
  news(2, none('shop/cart'));
  expect(await asked).toEqual({ exists: false, some: [] });
  expect(await addresses('x_y.shop.svc.clusterset.local')).toEqual({ exists: false, some: [] });
  expect(await addresses('dns-version.clusterset.local')).toMatchObject({ exists: true });
  expect(frames.at(-1)?.names).toEqual(['shop/cart']);
});

test('without a coordinator what is not known is not answered, and what is known stays', async () => {
  const { news, addresses, go } = world();
  expect(await addresses()).toBeUndefined();
  go(true);
  news(1, ...cart('10.0.0.1'));
  go(false);
  expect(await addresses()).toEqual({ exists: true, some: ['10.0.0.1'] });
  // All is told anew: until then the old holds, then the new alone.
  go(true);
  news(null, ...cart('10.0.0.2'));
  expect(await addresses()).toEqual({ exists: true, some: ['10.0.0.1'] });
  news(1);
  expect(await addresses()).toEqual({ exists: true, some: ['10.0.0.2'] });
  go(true);
  news(1, none('shop/cart'));
  expect(await addresses()).toEqual({ exists: false, some: [] });
});

test('of namespaces that are followed whole nothing is asked for, once all of them was told', async () => {
  const { news, addresses, go } = world();
  const heard: string[][] = [];
  go(true);
  news(1);
  keeper.followNamespaces(['shop'], (keys) => heard.push([...keys]));
  await wait(10);
  news(2, ...cart('10.0.0.1'));
  expect(heard).toEqual([['shop/cart']]);
  expect([...keeper.views().keys()]).toEqual(['shop/cart']);
  expect(await addresses('other.shop.svc.clusterset.local')).toEqual({ exists: false, some: [] });
});
