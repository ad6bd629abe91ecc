/**
 * Imported first by tests that start children: the test runner passes --inspect-port and the like to us, and the pool library
 * takes any such argument for a debugger that its children should open too.
 */
process.execArgv.length = 0;
