// The entry point, system calls and the register windows.

	.text

// The kernel's stack holds argc, argv and the environment; main_linux takes its address. CALL4 makes
// this function's a6 the callee's a2.
	.global	_start
	.p2align 2
_start:
	movi	a0, 0
	mov	a6, a1
	.literal .Lmain, main_linux
	l32r	a4, .Lmain
	callx4	a4

// long linux_syscall(long number, long a, long b, long c, long d, long e, ...)
// Linux wants the number in a2 and the arguments in a6, a3, a4, a5, a8, a9. C has the first six
// words in a2 to a7 and the others on the stack, at this frame's end.
	.global	linux_syscall
	.p2align 2
linux_syscall:
	entry	a1, 32
	l32i	a9, a1, 32
	mov	a8, a7
	mov	a10, a3
	mov	a3, a4
	mov	a4, a5
	mov	a5, a6
	mov	a6, a10
	syscall
	retw

// void spill_windows(void) writes the registers of every caller to its place on the stack, by calls
// nested so deep that the register file (64 registers, 8 a call) has room for nothing else.
	.global	spill_windows
	.p2align 2
spill_windows:
	entry	a1, 32
	movi	a10, 9
	.literal .Lnest, nest
	l32r	a8, .Lnest
	callx8	a8
	retw

	.p2align 2
nest:
	entry	a1, 32
	beqz	a2, 1f
	addi	a10, a2, -1
	l32r	a8, .Lnest
	callx8	a8
1:	retw
