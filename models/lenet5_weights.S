/* LeNet-5's weights, put into the library's read-only data as they lie in lenet5/weights.f32.
 * Assembled with this folder on the include path (-I). GNU as on ELF, any architecture. */
    .section .rodata.mc_lenet5_weights, "a", %progbits
    .balign 64

    .globl mc_lenet5_weights
    .hidden mc_lenet5_weights
    .type mc_lenet5_weights, %object
mc_lenet5_weights:
    .incbin "lenet5/weights.f32"
    .size mc_lenet5_weights, . - mc_lenet5_weights

    .globl mc_lenet5_weights_end
    .hidden mc_lenet5_weights_end
    .type mc_lenet5_weights_end, %object
mc_lenet5_weights_end:
    .size mc_lenet5_weights_end, 0

    .section .note.GNU-stack, "", %progbits
