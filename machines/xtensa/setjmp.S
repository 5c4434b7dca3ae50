// setjmp and longjmp with register windows.
//
// RETW gets the caller's registers from the stack if they are not in the register file: a0-a3 from
// the 16 bytes below the callee's stack pointer; the others that CALL8 or CALL12 preserve from below
// the same area of the caller's own caller, 16 bytes lower for each step of 4 registers. So setjmp
// spills the windows and copies both areas; longjmp spills the windows, puts the copies back, this
// time below its own stack pointer, and returns as setjmp did.
//
// jmp_buf, 14 of picolibc's 17 words:
#define CALLER_A0 0	// caller's a0-a3
#define CALLER_A4 16	// caller's a4-a11, those that the call preserves
#define RETURN_TO 48	// setjmp's a0: the address and, in bits 30-31, how many windows the call moved
#define CALLER_TOP 52	// the end of the area for a4-a11

// Copies the area for a4 and up. The first address, in a4, is in the jmp_buf or on the stack, and the
// second, in a5, is in the other one; a3 is the number of bytes. Uses a6.
#define COPY				\
	add	a3, a4, a3;		\
1:	beq	a4, a3, 2f;		\
	l32i	a6, a4, 0;		\
	s32i	a6, a5, 0;		\
	addi	a4, a4, 4;		\
	addi	a5, a5, 4;		\
	j	1b;			\
2:

	.text

// int setjmp(jmp_buf)
	.global	setjmp
	.p2align 2
setjmp:
	entry	a1, 32
	.literal .Lspill, spill_windows
	l32r	a8, .Lspill
	callx8	a8
	s32i	a0, a2, RETURN_TO
	addi	a7, a1, -16
	l32i	a3, a7, 0
	s32i	a3, a2, CALLER_A0
	l32i	a4, a7, 4	// the caller's stack pointer
	s32i	a4, a2, CALLER_A0 + 4
	l32i	a3, a7, 8
	s32i	a3, a2, CALLER_A0 + 8
	l32i	a3, a7, 12
	s32i	a3, a2, CALLER_A0 + 12
	addi	a4, a4, -16
	l32i	a4, a4, 4	// the stack pointer of the caller's caller
	addi	a4, a4, -16
	s32i	a4, a2, CALLER_TOP
	extui	a3, a0, 30, 2
	addi	a3, a3, -1
	slli	a3, a3, 4
	sub	a4, a4, a3
	addi	a5, a2, CALLER_A4
	COPY
	movi	a2, 0
	retw

// void longjmp(jmp_buf, int value)
	.global	longjmp
	.p2align 2
longjmp:
	entry	a1, 32
	l32r	a8, .Lspill
	callx8	a8
	l32i	a0, a2, RETURN_TO
	addi	a7, a1, -16
	l32i	a4, a2, CALLER_A0
	s32i	a4, a7, 0
	l32i	a4, a2, CALLER_A0 + 4
	s32i	a4, a7, 4
	l32i	a4, a2, CALLER_A0 + 8
	s32i	a4, a7, 8
	l32i	a4, a2, CALLER_A0 + 12
	s32i	a4, a7, 12
	mov	a7, a3
	l32i	a5, a2, CALLER_TOP
	extui	a3, a0, 30, 2
	addi	a3, a3, -1
	slli	a3, a3, 4
	sub	a5, a5, a3
	addi	a4, a2, CALLER_A4
	COPY
	movi	a2, 1
	movnez	a2, a7, a7	// setjmp must not seem to return 0 again
	retw
