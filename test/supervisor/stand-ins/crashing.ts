/** Stands where a part stands that can't start. */
console.log('the disk of this part is made of cheese');
process.exitCode = 1;
