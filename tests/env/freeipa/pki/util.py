class Version(tuple):
    def __new__(cls, text):
        return tuple.__new__(cls, [int(number) for number in text.split(".")])
