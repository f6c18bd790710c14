/** How far a connection to the coordinator gets: name, TCP, TLS, and what time it is there. */
import { lookup } from 'node:dns/promises';
import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { wordsOf } from '../failure.ts';
import type { CoordinatorFacts } from './facts.ts';

const LIMIT_SECONDS = 3;

/** Never throws. @param now milliseconds since 1970 */
export async function lookAtCoordinator(url: string, now: () => number): Promise<CoordinatorFacts> {
  const { hostname, port, protocol } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const number = Number(port || (protocol === 'https:' ? 443 : 80));
  const facts: CoordinatorFacts = {
    url,
    name: { ok: true, addresses: [] },
    tcp: null,
    tls: null,
    aheadSeconds: null,
  };
  const found = await limited(lookup(host, { all: true })).catch((error) => {
    facts.name = { ok: false, words: wordsOf(error) };
    return [];
  });
  const [first] = found;
  if (!first) return facts;
  facts.name = { ok: true, addresses: found.map((one) => one.address) };
  const startedAt = performance.now();
  facts.tcp = await limited(connected(first.address, number)).then(
    () => ({ ok: true as const, milliseconds: Math.round(performance.now() - startedAt) }),
    (error) => ({ ok: false as const, words: wordsOf(error) }),
  );
  if (!facts.tcp.ok) return facts;
  if (protocol === 'https:') {
    facts.tls = await limited(secured(host, first.address, number)).then(
      () => ({ ok: true as const }),
      (error) => ({ ok: false as const, words: wordsOf(error) }),
    );
    if (!facts.tls.ok) return facts;
  }
  facts.aheadSeconds = await limited(timeThere(url))
    .then((there) => Math.round((there - now()) / 1000))
    .catch(() => null);
  return facts;
}

function limited<T>(work: Promise<T>): Promise<T> {
  return Promise.race([
    work,
    new Promise<never>((_, failed) => {
      setTimeout(() => failed(new Error(`no answer in ${LIMIT_SECONDS} s`)), LIMIT_SECONDS * 1000).unref();
    }),
  ]);
}

function connected(address: string, port: number): Promise<void> {
  return new Promise((done, failed) => {
    const socket = connect({ host: address, port, timeout: LIMIT_SECONDS * 1000 }, () => {
      socket.destroy();
      done();
    });
    socket.on('timeout', () => socket.destroy(new Error(`no answer in ${LIMIT_SECONDS} s`)));
    socket.on('error', failed);
  });
}

function secured(host: string, address: string, port: number): Promise<void> {
  return new Promise((done, failed) => {
    const socket = connectTls(
      { host: address, port, servername: host, timeout: LIMIT_SECONDS * 1000 },
      () => {
        socket.destroy();
        done();
      },
    );
    socket.on('timeout', () => socket.destroy(new Error(`no answer in ${LIMIT_SECONDS} s`)));
    socket.on('error', failed);
  });
}

/** Every HTTP answer bears the date, whatever else it says. */
function timeThere(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const get = url.startsWith('https:') ? getHttps : getHttp;
    const request = get(url, { timeout: LIMIT_SECONDS * 1000 }, (response) => {
      response.resume();
      const date = Date.parse(response.headers.date ?? '');
      if (Number.isNaN(date)) reject(new Error('no date'));
      else resolve(date);
    });
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', reject);
  });
}
