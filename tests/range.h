/* range.h: what cmocka 2 says in another way than cmocka 1 did. After cmocka.h. */
#ifndef AK_TEST_RANGE_H
#define AK_TEST_RANGE_H

#ifdef assert_uint_in_range
#define assert_within(value, least, most) assert_uint_in_range((value), (least), (most))
#else
#define assert_within(value, least, most) assert_in_range((value), (least), (most))
#endif

#endif
