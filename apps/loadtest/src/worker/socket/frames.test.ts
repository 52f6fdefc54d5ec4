import { expect } from 'chai';
import { FrameReader } from './frames.js';

describe('reading frames', () => {
  function reader() {
    const got: string[] = [];
    const frames = new FrameReader({
      message: (bytes, start, end) => got.push(bytes.toString('utf8', start, end)),
      control: (opcode, payload) => got.push(`${opcode}:${payload}`),
      broken: (code, why) => got.push(`broken ${code} ${why}`),
    });
    return { frames, got };
  }

  const stream = Buffer.concat([
    serverFrame(0x81, 'short'),
    serverFrame(0x89, 'ping'),
    serverFrame(0x01, 'frag'),
    serverFrame(0x80, 'ments'),
    serverFrame(0x82, 'x'.repeat(200)),
    serverFrame(0x81, ''),
    serverFrame(0x81, 'end'),
  ]);
  const whole = ['short', '9:ping', 'fragments', 'x'.repeat(200), '', 'end'];

  it('reads frames that are split at any byte', () => {
    for (let at = 0; at <= stream.length; at++) {
      const { frames, got } = reader();
      frames.read(stream, 0, at);
      frames.read(stream, at, stream.length);
      expect(got, `split at ${at}`).to.deep.equal(whole);
    }
  });

  it('reads byte by byte from one buffer that is overwritten each time', () => {
    const { frames, got } = reader();
    const shared = Buffer.alloc(1);
    for (const byte of stream) {
      shared[0] = byte;
      frames.read(shared, 0, 1);
    }
    expect(got).to.deep.equal(whole);
  });

  it('assembles a large frame from many reads', () => {
    const { frames, got } = reader();
    const large = Buffer.concat([serverFrame(0x81, 'y'.repeat(300_000)), serverFrame(0x81, 'next')]);
    for (let at = 0; at < large.length; at += 1_500)
      frames.read(large, at, Math.min(large.length, at + 1_500));
    expect(got.map((text) => text.length)).to.deep.equal([300_000, 4]);
  });

  const broken: Array<[string, Buffer, number]> = [
    ['a masked frame', Buffer.from([0x81, 0x85, 0, 0, 0, 0, 1, 1, 1, 1, 1]), 1002],
    ['a frame with a reserved bit', serverFrame(0xc1, 'x'), 1002],
    ['a bad control frame', serverFrame(0x09, 'x'), 1002],
    ['a fragment out of place', serverFrame(0x80, 'x'), 1002],
    ['an unknown opcode', serverFrame(0x83, 'x'), 1002],
    ['a frame too big', Buffer.from([0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0]), 1009],
  ];
  for (const [what, bytes, code] of broken) {
    it(`refuses ${what} and reads nothing after it`, () => {
      const { frames, got } = reader();
      frames.read(
        Buffer.concat([serverFrame(0x81, 'before'), bytes, serverFrame(0x81, 'after')]),
        0,
        8 + bytes.length + 7,
      );
      expect(got).to.deep.equal(['before', `broken ${code} the server sent ${what}`]);
    });
  }
});

/** A frame of a server. */
function serverFrame(first: number, payload: string): Buffer {
  const body = Buffer.from(payload);
  if (body.length < 126) return Buffer.concat([Buffer.from([first, body.length]), body]);
  const head = Buffer.from([first, body.length < 65_536 ? 126 : 127]);
  const length = Buffer.alloc(body.length < 65_536 ? 2 : 8);
  if (body.length < 65_536) length.writeUInt16BE(body.length);
  else length.writeBigUInt64BE(BigInt(body.length));
  return Buffer.concat([head, length, body]);
}
