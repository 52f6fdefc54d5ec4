import { expect } from 'chai';
import { ChaosRedis } from './chaos-redis.js';

describe('the Redis of a chaos run', function () {
  this.timeout(60_000);

  let redis: ChaosRedis;
  beforeEach(async () => {
    redis = await ChaosRedis.start();
  });
  afterEach(() => redis.close());

  const role = async (): Promise<unknown> => (await redis.with((client) => client.role()))[0];

  it("is a replica with the other one's data until it takes over, and never a replica afterwards", async () => {
    await redis.with((client) => client.set('key', 'value'));
    const replica = await redis.startReplica(redis.node.port);
    expect(await redis.with((client) => client.get('key'), replica)).to.equal('value');
    await redis.with((client) => client.replicaof('NO', 'ONE'), replica);
    redis.promoted(replica);
    await replica.member.stop();
    await replica.member.start();
    expect(await role()).to.equal('master');
    expect(await redis.with((client) => client.get('key'))).to.equal('value');
  });

  it('waits until a replica that lags has everything that was acknowledged', async () => {
    const replica = await redis.startReplica(redis.node.port);
    replica.member.kill('SIGSTOP');
    await redis.with((client) => client.set('key', 'value'));
    let isInStep = false;
    const inStep = redis.caughtUp(replica).then(() => {
      isInStep = true;
    });
    await redis.with((client) => client.ping());
    expect(isInStep).to.equal(false);
    replica.member.kill('SIGCONT');
    await inStep;
    expect(await redis.with((client) => client.get('key'), replica)).to.equal('value');
  });
});
