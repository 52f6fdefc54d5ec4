import { startTestStandalone } from '../support/standalone.js';
import { describeContract } from './contract.js';

describeContract('standalone', startTestStandalone);
