import numpy as np

from engine.kernels.hash import mix64, splitmix, unit

MASK = (1 << 64) - 1


def test_splitmix_gives_the_published_stream():
    # splitmix64 from state 1234567: reference C code by Sebastiano Vigna
    state = 1234567
    stream = []
    for _ in range(5):
        stream.append(int(splitmix(np.uint64(state))))
        state = (state + 0x9E3779B97F4A7C15) & MASK
    assert stream == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def test_an_array_is_mixed_number_by_number():
    numbers = np.arange(12, dtype=np.uint64).reshape(3, 4) * np.uint64(0x123456789ABCDEF)
    assert mix64(numbers).tolist() == [[int(mix64(z)) for z in row] for row in numbers]


def test_half_the_bits_change_with_each_bit():
    start = np.arange(2000, dtype=np.uint64)
    for bit in (0, 17, 63):
        changed = mix64(start) ^ mix64(start ^ (np.uint64(1) << np.uint64(bit)))
        # 128,000 fair bits: the standard error of their mean is 0.0014, five of them are allowed
        assert abs(np.unpackbits(changed.view(np.uint8)).mean() - 0.5) < 0.007


def test_units_fill_the_interval_without_its_end():
    assert unit(np.uint64(MASK)) == 1.0 - 2.0**-53
    assert unit(np.uint64(0)) == 0.0
