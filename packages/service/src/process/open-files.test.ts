import { expect } from 'chai';
import { descriptorsForConnections, openFilesLimit, servedConnections } from './open-files.js';

describe('the limit of open files', () => {
  it('is a number of this process, or unknown', () => {
    expect(openFilesLimit() ?? 1_000).to.be.above(50);
  });

  it('leaves descriptors for everything but connections, however large or small it is', () => {
    expect(descriptorsForConnections(200)).to.equal(136);
    expect(descriptorsForConnections(1_024)).to.equal(960);
    expect(descriptorsForConnections(65_536)).to.equal(64_512);
    expect(descriptorsForConnections(1_048_576)).to.equal(1_047_552);
    expect(descriptorsForConnections(50)).to.equal(1);
  });

  it('leaves connections for refusals', () => {
    expect(servedConnections(136)).to.equal(119);
    expect(servedConnections(1)).to.equal(1);
    expect(servedConnections(Number.POSITIVE_INFINITY)).to.equal(Number.POSITIVE_INFINITY);
  });
});
