import { expect } from 'chai';
import { ReplicatedUntil } from './redis-replicated-until.js';
import { ChaosShards } from './redis-shards.js';

describe('the Redis Cluster of a chaos run', function () {
  this.timeout(120_000);

  let shards: ChaosShards;
  before(async () => {
    shards = await ChaosShards.start();
  });
  after(() => shards?.close());

  it('moves a slot with its keys', async () => {
    const [source, target] = await shards.masters();
    if (source === undefined || target === undefined) throw new Error('there are too few masters');
    const tag = await shards.tagOf(source);
    const slot = await shards.slotOf(tag);
    const keys = Array.from({ length: 23 }, (_, index) => `{${tag}}:${index}`);
    await source.with((redis) => Promise.all(keys.map((key) => redis.set(key, 'value'))));
    await shards.move(slot, target, 200, AbortSignal.timeout(60_000));
    await shards.agreed();
    expect((await shards.ownerOf(slot)).master).to.equal(target);
    expect(await target.with((redis) => redis.mget(keys))).to.deep.equal(keys.map(() => 'value'));
  });

  it('promotes the replica of a master that is killed, which shows what it lacks, and takes the master back', async () => {
    const [master] = await shards.masters();
    if (master === undefined) throw new Error('there is no master');
    const tag = await shards.tagOf(master);
    const slot = await shards.slotOf(tag);
    const replicated = await ReplicatedUntil.start(master, 1, tag);
    const killedAt = performance.now();
    await master.kill();
    await replicated.close();
    const next = await shards.takenOver(slot, master, AbortSignal.timeout(60_000));
    expect(await ReplicatedUntil.of(next, tag))
      .to.be.below(performance.now())
      .and.above(killedAt - 5_000);
    await master.member.start();
    await shards.agreed();
    expect((await shards.ownerOf(slot)).replicas).to.deep.equal([master]);
  });
});
