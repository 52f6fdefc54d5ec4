import { eventually } from '@chorus/testing';
import { expect } from 'chai';
import { ChaosRedis } from './chaos-redis.js';
import { ReplicatedUntil } from './redis-replicated-until.js';
import { ChaosSentinels } from './redis-sentinels.js';

describe('the Sentinels of a chaos run', function () {
  this.timeout(90_000);

  let redis: ChaosRedis;
  let sentinels: ChaosSentinels;
  beforeEach(async () => {
    redis = await ChaosRedis.start();
    sentinels = await ChaosSentinels.start(redis);
  });
  afterEach(async () => {
    await sentinels?.close();
    await redis?.close();
  });

  it('name a replica when the primary is killed, the one that has more, and it shows what it lacks', async () => {
    const old = redis.node;
    const [behind, other] = redis.replicas;
    if (behind === undefined || other === undefined) throw new Error('there are no replicas');
    const replicated = await ReplicatedUntil.start(old, 2);
    const cutAt = performance.now();
    await behind.cutOff();
    const written = (node: typeof other, after: number) =>
      eventually(async () => expect(await ReplicatedUntil.of(node)).to.be.above(after));
    await written(other, performance.now() + 200);
    expect(await ReplicatedUntil.of(behind)).to.be.below(await ReplicatedUntil.of(other));
    const killedAt = performance.now();
    await old.kill();
    await replicated.close();
    const { port, at } = await sentinels.anotherThan(old.port, AbortSignal.timeout(60_000));
    expect(port).to.equal(other.port);
    expect(at).to.be.above(killedAt);
    redis.promoted(other);
    expect(await ReplicatedUntil.of(other)).to.be.within(cutAt, performance.now());
    await behind.readmit();
    await old.member.start();
    await redis.follow(old, other.port);
    for (const replica of redis.replicas) await redis.inStep(replica, other.port);
    expect(redis.replicas).to.have.members([old, behind]);
  });
});
