"""Does any date say something else once the future is known?"""
