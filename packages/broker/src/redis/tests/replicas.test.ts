import { startRedis } from '@chorus/local';
import { messageEncoder } from '@chorus/protocol';
import { UnavailableError } from '@chorus/redis';
import { redisAt } from '@chorus/redis/testing';
import { closeAfterEach, eventually, failure, testRedis } from '@chorus/testing';
import { expect } from 'chai';
import { makeRedisFixture, testOptions } from '../../testing/redis-fixture.js';

const ROOM = 7;

describe('messages that replicas must have', function () {
  this.timeout(30_000);
  const closer = closeAfterEach();

  before(() => testRedis());

  it('are acked when they have them, refused while they do not answer, and acked when they are sent again', async () => {
    const primary = closer().add(await startRedis({ args: ['--repl-diskless-sync-delay', '0'] }));
    const replica = closer().add(
      await startRedis({ args: ['--replicaof', '127.0.0.1', String(primary.port)] }),
    );
    const fixture = closer().add(
      await makeRedisFixture(
        testOptions({ ...redisAt(primary.url), commandTimeoutMs: 1_000, waitReplicas: 1 }),
      ),
    );
    await eventually(async () =>
      expect(await fixture.redis.info('replication')).to.include('connected_slaves:1'),
    );
    const directory = fixture.directory();
    await directory.markComplete();
    await directory.ensure(ROOM, 0, 1, 'public', 'small');
    const broker = await fixture.connect();
    const encode = messageEncoder(ROOM, { id: 3, username: 'ann' });
    const publish = (id: string) => broker.publish(ROOM, encode({ content: id, id, sentAt: 0 }), id);
    const first = await publish('first');
    replica.kill('SIGSTOP');
    expect(await failure(publish('second'))).to.be.instanceOf(UnavailableError);
    replica.kill('SIGCONT');
    const again = await eventually(() => publish('second'));
    expect(again).to.deep.equal({ epoch: first.epoch, seq: first.seq + 1, repeated: true });
  });
});
