// All peers in one run: in each round every peer has its turn, and each round begins with another one,
// so that whatever the machine does meanwhile meets all of them.
import { summarize, ratioOf } from './statistics.mjs';

/** Calls `turn(peer, round)` for each; returns a Map from peer to its samples, a list a round. */
export async function interleave(peers, rounds, turn) {
  const results = new Map(peers.map((peer) => [peer, []]));
  for (let round = 0; round < rounds; round++) {
    for (let place = 0; place < peers.length; place++) {
      const peer = peers[(round + place) % peers.length];
      results.get(peer).push(await turn(peer, round));
    }
  }
  return results;
}

/** A row of a table for each peer: statistics over all of its samples, and the ratio to `base`. */
export function toRows(results, base, nameOf = (peer) => peer.name) {
  const ours = results.get(base);
  return [...results].map(([peer, rounds]) => ({
    name: nameOf(peer),
    ...summarize(rounds.flat()),
    ratio: ratioOf(rounds, ours).ratio,
  }));
}
