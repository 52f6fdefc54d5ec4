import { startTestStandalone } from '../support/servers/standalone.js';
import { describeContract } from './contract.js';

describeContract('standalone', startTestStandalone);
