/** Callers of the channel who have not proved yet to be a peer: anybody may be one, so they are counted. */

export interface StrangerLimit {
  inAll: number;
  fromOneAddress: number;
}

export class Strangers {
  readonly #limit: StrangerLimit;
  readonly #byAddress = new Map<string, number>();
  #inAll = 0;

  constructor(limit: StrangerLimit) {
    this.#limit = limit;
  }

  /** Lets one in and answers how it goes out again (once, however often that is called); undefined where all is full. */
  enter(address: string): (() => void) | undefined {
    const here = this.#byAddress.get(address) ?? 0;
    if (this.#inAll >= this.#limit.inAll || here >= this.#limit.fromOneAddress) return undefined;
    this.#inAll += 1;
    this.#byAddress.set(address, here + 1);
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      this.#inAll -= 1;
      const left = (this.#byAddress.get(address) ?? 1) - 1;
      if (left > 0) this.#byAddress.set(address, left);
      else this.#byAddress.delete(address);
    };
  }
}
